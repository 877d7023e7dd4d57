SELECT
  set_config('search_path', quote_ident($1) || ', pg_temp', false),
  set_config('lock_timeout', $2, false),
  set_config('default_transaction_read_only', $3, false),
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('synchronous_commit', 'on', false),
  set_config('idle_in_transaction_session_timeout', '60s', false),
  set_config('client_min_messages', 'warning', false)
