-- Attempts are counted before it is known whether they are right, so that no burst slips through, whichever nodes it
-- goes to. The first byte of a key is what is counted, the rest an HMAC of whose; rows are locked in the order of keys.
-- pending are those of count whose outcome is not known yet; after pending_until it never will be, and they count.

CREATE TABLE throttle (
  key           bytea PRIMARY KEY,
  count         integer NOT NULL DEFAULT 0,
  pending       integer NOT NULL DEFAULT 0,
  pending_until timestamptz NOT NULL DEFAULT '-infinity',
  blocked_until timestamptz NOT NULL DEFAULT '-infinity',
  expires_at    timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 70);

-- Counts an attempt under all keys, or under none and says which refuses, for how many seconds more, and whether that
-- may change sooner, when the outcome of others is known. The first keys, as many as "requests", count whatever comes
-- of it. After "free" attempts nothing is let through: where "base" is null, until the window of seconds has ended
-- that the first of them began; else for base seconds, twice as many after each further one, and longest at most, and
-- what was counted is forgotten when nothing was tried for the window. Where base and longest are the same, one of those
-- counted is forgotten for each time they last. What is refused for certain locks and writes nothing.

CREATE FUNCTION throttle_take(
  keys bytea[], requests integer, free integer[], windows float8[], base float8[], longest float8[],
  OUT refused integer, OUT wait float8, OUT undecided boolean)
LANGUAGE plpgsql AS $$
DECLARE
  bucket  throttle;
  present timestamptz;
  counted integer := cardinality(keys);
BEGIN
  present := clock_timestamp();
  SELECT a.i, extract(epoch FROM t.blocked_until - present), false INTO refused, wait, undecided
  FROM unnest(keys) WITH ORDINALITY AS a (key, i) JOIN throttle t USING (key)
  WHERE t.expires_at > present AND t.blocked_until > present
    AND NOT (t.pending > 0 AND t.pending_until > present)
  ORDER BY a.i LIMIT 1;
  IF FOUND THEN
    RETURN;
  END IF;

  FOR i IN 1 .. cardinality(keys) LOOP
    LOOP -- until no other has removed it in between
      INSERT INTO throttle (key) VALUES (keys[i]) ON CONFLICT DO NOTHING;
      SELECT * INTO bucket FROM throttle WHERE key = keys[i] FOR UPDATE;
      EXIT WHEN FOUND;
    END LOOP;
    present := clock_timestamp();
    IF bucket.expires_at > present AND bucket.blocked_until > present THEN
      refused := i;
      wait := extract(epoch FROM bucket.blocked_until - present);
      undecided := bucket.pending > 0 AND bucket.pending_until > present;
      counted := least(requests, i - 1);
      EXIT;
    END IF;
  END LOOP;

  UPDATE throttle AS t SET
    count = now.count,
    pending = CASE WHEN t.pending_until > present THEN t.pending ELSE 0 END + (now.i > requests)::integer,
    pending_until = present + interval '10 seconds',
    expires_at = now.ends,
    blocked_until = CASE
      WHEN now.count < now.free THEN '-infinity'
      WHEN now.base IS NULL THEN now.ends
      ELSE present + make_interval(secs => least(now.base * 2 ^ least(now.count - now.free, 30), now.longest))
    END
  FROM (
    SELECT a.*,
      CASE WHEN b.expires_at <= present THEN 0
        WHEN a.base = a.longest THEN greatest(0, b.count
          - floor(extract(epoch FROM present - b.expires_at + make_interval(secs => a.period)) / a.base)::integer)
        ELSE b.count
      END + 1 AS count,
      CASE WHEN b.expires_at > present AND a.base IS NULL THEN b.expires_at
        ELSE present + make_interval(secs => a.period) END AS ends
    FROM unnest(keys, free, windows, base, longest) WITH ORDINALITY AS a (key, free, period, base, longest, i)
      JOIN throttle b USING (key)
    WHERE a.i <= counted) AS now
  WHERE t.key = now.key;
END $$;
