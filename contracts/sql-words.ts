/** Words that Redshift, PostgreSQL or DuckDB reserve. SQL is rendered with plain names, so that none of these can be one. */
export const SQL_WORDS: ReadonlySet<string> = new Set(
  `
  aes128 aes256 all allowoverwrite analyse analyze and anti any array as asc asof asymmetric at authorization az64
  backup between binary blanksasnull both by bytedict bzip2 case cast check collate collation column columns
  concurrently connect constraint create credentials cross current_catalog current_date current_role current_schema
  current_time current_timestamp current_user current_user_id default deferrable deflate defrag delta delta32k desc
  describe disable distinct do else emptyasnull enable encode encrypt encryption end except explicit false fetch for
  foreign freeze from full generated glob globaldict256 globaldict64k grant group gzip having identity ignore ilike in
  initially inner intersect interval into is isnull join lambda lateral leading left like limit localtime
  localtimestamp lun luns lzo lzop map minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline
  offset oid old on only open or order outer overlaps parallel partition percent permissions pivot pivot_longer
  pivot_wider placing positional primary qualify raw readratio recover references rejectlog resort respect restore
  returning right select semi session_user show similar snapshot some start struct summarize symmetric sysdate system
  system_user table tablesample tag tdes text255 text32k then timestamp to top trailing true truncatecolumns try_cast
  union unique unnest unpack unpivot user using variadic verbose wallet when where window with without
  `
    .trim()
    .split(/\s+/),
);
