SELECT set_config('bezwaar.schema', $1, true)
