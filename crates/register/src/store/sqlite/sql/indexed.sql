SELECT entries, holders, sum FROM indexed WHERE only = 1
