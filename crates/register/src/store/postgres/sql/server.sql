SELECT
  current_setting('server_version_num')::integer,
  current_setting('fsync') = 'on',
  current_setting('server_encoding') = 'UTF8'
