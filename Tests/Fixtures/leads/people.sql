-- A published database of a handful of people, as of 2026-09-14 (day 20710, period 323).
-- Every stored score is what the cells below come to under the signals below.

PRAGMA application_id = 1818583396;

INSERT INTO meta VALUES
    ('as_of_day', '2026-09-14'), ('published_at', '2026-09-14T10:00:00Z'), ('seq', '42'),
    ('activity_seq', '42'), ('config_hash', 'c0ffee'), ('schema', '3'), ('mql', '30');

INSERT INTO signals VALUES
    ('pricing_visit', 10, 14, 2, 40), ('click', 5, 30, NULL, NULL), ('open', 1, 14, 3, 10),
    ('webinar', 20, NULL, NULL, NULL), ('complaint', -30, 14, NULL, NULL);
INSERT INTO signal_name VALUES
    (1, 'pricing_visit'), (2, 'click'), (3, 'open'), (4, 'webinar'), (5, 'complaint'), (6, 'retired');

-- 1 Ann, hot. 2 Bo, who went to four webinars, by customer number. 3 a cookie. 4 somebody who
-- complained. 5 somebody who would like to own the terminal.
INSERT INTO leads(
    contact_id, email, customer_id, anonymous, first_seen, last_seen, last_activity_day, events,
    engagement, fit, grade, completeness, score, band, stage, audience, delta_30d, delta_60d,
    peak_30d, hot_until, purchases, value, domain, deliverability, soft_streak, points, counts,
    traits, as_of_day)
VALUES
    (1, 'ann@example.com', 'K-7', 0, '2026-08-15T09:00:00Z', '2026-09-14T08:21:07.123Z',
     '2026-09-14', 7, 35, 20, 'D', 0.5, 42, 'D1', 'mql', 'prospect', 25, 35, 35, '2026-09-17', 0, 0,
     'example.com', 'ok', 0, '{"click":5.0,"pricing_visit":30.0}', '{"click":2,"pricing_visit":5}',
     '{"job_title":"Director"}', '2026-09-14'),
    (2, NULL, '1001', 0, '2026-01-10T00:00:00Z', '2026-01-10T00:00:00Z', '2026-01-10', 4,
     80, NULL, 'D', 0, 80, 'D1', 'mql', 'prospect', 0, 0, 80, NULL, 0, 0, NULL, NULL, NULL,
     '{"webinar":80.0}', '{"webinar":4}', '{}', '2026-09-14'),
    (3, NULL, NULL, 1, '2026-09-13T00:00:00Z', '2026-09-14T00:00:00Z', '2026-09-14', 2,
     1.951695, NULL, 'D', 0, 1.951695, 'D4', 'anonymous', 'prospect', 1.951695, 1.951695, 1.951695,
     NULL, 0, 0, NULL, NULL, NULL, '{"open":1.951695}', '{"open":2}', '{}', '2026-09-14'),
    (4, 'carl@example.com', NULL, 0, '2026-09-14T00:00:00Z', '2026-09-14T00:00:00Z', '2026-09-14', 2,
     0, NULL, 'D', 0, 0, 'D4', 'known', 'prospect', 0, 0, 0, NULL, 0, 0, 'example.com', 'complained',
     0, '{"complaint":-30.0,"open":1.0}', '{"complaint":1,"open":1}', '{}', '2026-09-14'),
    (5, 'x' || char(27) || ']0;owned' || char(7) || char(155) || '2J@example.com', NULL, 0,
     '2026-09-14T00:00:00Z', '2026-09-14T00:00:00Z', NULL, 1, 0, NULL, 'D', 0, 0, 'D4',
     'a' || char(10) || 'b', 'prospect', 0, 0, 0, NULL, 0, 0, 'example.com', 'ok', 0, '{}', '{}',
     json_object('job_title', 'CEO' || char(8238) || 'gpj.exe' || char(8203)), '2026-09-14');

INSERT INTO identifiers(identifier_id, kind, value, contact_id, ambiguous, first_seen, last_seen) VALUES
    (1, 'customer_id', 'K-7', 1, 0, '2026-09-01T00:00:00Z', '2026-09-14T00:00:00Z'),
    (2, 'customer_id', '1001', 2, 0, '2026-01-10T00:00:00Z', '2026-01-10T00:00:00Z'),
    (3, 'cookie', 'f81d4fae', 3, 0, '2026-09-13T00:00:00Z', '2026-09-14T00:00:00Z'),
    (4, 'email', 'carl@example.com', 4, 0, '2026-09-14T00:00:00Z', '2026-09-14T00:00:00Z'),
    (5, 'email', 'x' || char(27) || ']0;owned' || char(7) || char(155) || '2J@example.com', 5, 0,
     '2026-09-14T00:00:00Z', '2026-09-14T00:00:00Z'),
    -- Ann was a cookie, then an address, before her customer number was known.
    (6, 'email', 'ann@example.com', 1, 0, '2026-08-15T09:00:00Z', '2026-09-14T08:21:07.123Z'),
    (7, 'cookie', 'c00c1e', 1, 0, '2026-08-31T00:00:00Z', '2026-09-14T08:21:07.123Z'),
    -- The same word as a customer number and as a cookie; and a cookie that is no lead yet.
    (8, 'customer_id', 'twin', 4, 0, '2026-09-14T00:00:00Z', '2026-09-14T00:00:00Z'),
    (9, 'cookie', 'twin', 3, 0, '2026-09-14T00:00:00Z', '2026-09-14T00:00:00Z'),
    (10, 'cookie', 'once', 10, 0, '2026-09-14T00:00:00Z', '2026-09-14T00:00:00Z');

-- [day, signal, n]; on 2026-08-31 Ann did the same under two names.
INSERT INTO cell_period VALUES
    (1 << 16 | 323, '{"7":[[24,1,1],[38,1,3]],"6":[[8,2,2],[24,1,1],[38,6,9]]}'),
    (2 << 16 | 319, '{"2":[[47,4,4]]}'),
    (3 << 16 | 323, '{"3":[[37,3,1],[38,3,1]]}'),
    (4 << 16 | 323, '{"4":[[38,3,1],[38,5,1]]}');

INSERT INTO segments VALUES ('hot', 'engagement >= 30', 2), ('quiet', 'engagement = 0', 2);
INSERT INTO segment_members VALUES
    ('hot', 1, '2026-09-14T00:00:00Z'), ('hot', 2, '2026-01-10T00:00:00Z'),
    ('quiet', 4, '2026-09-14T00:00:00Z'), ('quiet', 5, '2026-09-14T00:00:00Z');
