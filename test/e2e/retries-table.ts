/**
 * Requests that fail, and what HAProxy does. `settings` of proxies with servers `rN`, which refuse connections, and `sN`, which answer as
 * the path says; `seen`: requests (path, cookie) with status, servers that got it, new cookie, and server, state and retries as logged;
 * then counters.
 */
export const TABLE: readonly { readonly settings: readonly string[]; readonly seen: readonly string[] }[] = [
  {
    settings: ['retries 0; option redispatch 1; r1; s3'],
    seen: [
      '/ -> 503, r1 SC-- 0',
      '/ -> 200 s3, s3 ---- 0',
      'r1 stot=1 lbtot=1 econ=1',
      'BACKEND stot=2 lbtot=2 econ=1 hrsp_5xx=1',
    ],
  },
  {
    settings: ['retries 3; r1; r2; s3'],
    seen: [
      '/ -> 503, r1 SC-- 3',
      '/ -> 503, r2 SC-- 3',
      '/ -> 200 s3, s3 ---- 0',
      'r1 stot=4 lbtot=1 wretr=3 econ=1',
      'r2 stot=4 lbtot=1 wretr=3 econ=1',
      's3 stot=1 lbtot=1',
      'BACKEND stot=3 lbtot=3 wretr=6 econ=2 hrsp_5xx=2',
    ],
  },
  {
    settings: [
      'retries 3; cookie SRV insert indirect; r1; r2; s3',
      'retries 3; option redispatch 0; cookie SRV insert indirect; r1; r2; s3',
    ],
    seen: [
      '/ r2 -> 503, r2 SCVN 3',
      '/ r1 -> 503, r1 SCVN 3',
      'r1 stot=4 wretr=3 econ=1',
      'r2 stot=4 wretr=3 econ=1',
      's3',
      'BACKEND stot=2 wretr=6 econ=2 hrsp_5xx=2',
    ],
  },
  {
    settings: [
      'retries 3; option redispatch; r1; r2; s3',
      'retries 3; option redispatch 0; r1; r2; s3',
      'retries 3; option redispatch 1; r1; r2; s3',
      'retries 3; option redispatch -2; r1; r2; s3',
    ],
    seen: [
      '/ -> 200 s3, s3 ---- +2',
      '/ -> 200 s3, s3 ---- +2',
      '/ -> 200 s3, s3 ---- +2',
      'r1 stot=3 lbtot=3 wredis=3',
      'r2 stot=3 lbtot=3 wredis=3',
      's3 stot=3 lbtot=3',
      'BACKEND stot=3 lbtot=9 wredis=6',
    ],
  },
  {
    settings: ['retries 3; option redispatch; cookie SRV insert indirect; r1; r2; s3'],
    seen: [
      '/ r2 -> 503, r1 SCDN +3',
      '/ r1 -> 503, r2 SCDN +3',
      'r1 stot=4 lbtot=1 wretr=2 wredis=1 econ=1',
      'r2 stot=4 lbtot=1 wretr=2 wredis=1 econ=1',
      's3',
      'BACKEND stot=2 lbtot=2 wretr=4 wredis=2 econ=2 hrsp_5xx=2',
    ],
  },
  {
    settings: ['retries 3; option redispatch 1; cookie SRV insert indirect; r1; r2; s3'],
    seen: [
      '/ r2 -> 200 s3 SRV=s3; path=/, s3 --DI +3',
      '/ r1 -> 200 s3 SRV=s3; path=/, s3 --DI +2',
      'r1 stot=2 lbtot=1 wredis=2',
      'r2 stot=3 lbtot=2 wredis=3',
      's3 stot=2 lbtot=2',
      'BACKEND stot=2 lbtot=5 wredis=5',
    ],
  },
  {
    settings: ['retries 3; option redispatch -2; cookie SRV insert indirect; r1; r2; s3'],
    seen: [
      '/ r2 -> 503, r2 SCDN +3',
      '/ r1 -> 200 s3 SRV=s3; path=/, s3 --DI +2',
      'r1 stot=3 lbtot=1 wretr=1 wredis=2',
      'r2 stot=3 lbtot=1 wretr=1 wredis=1 econ=1',
      's3 stot=1 lbtot=1',
      'BACKEND stot=2 lbtot=3 wretr=2 wredis=3 econ=1 hrsp_5xx=1',
    ],
  },
  {
    settings: [
      'retries 4; option redispatch; balance static-rr; r1; r2; s3',
      'retries 4; option redispatch; balance leastconn; r1; r2; s3',
    ],
    seen: [
      '/ -> 200 s3, s3 ---- +2',
      '/ -> 200 s3, s3 ---- +2',
      'r1 stot=2 lbtot=2 wredis=2',
      'r2 stot=2 lbtot=2 wredis=2',
      's3 stot=2 lbtot=2',
      'BACKEND stot=2 lbtot=6 wredis=4',
    ],
  },
  {
    settings: ['retries 4; option redispatch; balance first; r1; r2; s3'],
    seen: [
      '/ -> 503, r1 SC-- +4',
      '/ -> 503, r1 SC-- +4',
      'r1 stot=6 lbtot=6 wredis=4 econ=2',
      'r2 stot=4 lbtot=4 wredis=4',
      's3',
      'BACKEND stot=2 lbtot=10 wredis=8 econ=2 hrsp_5xx=2',
    ],
  },
  {
    settings: ['retries 4; option redispatch; balance hdr(host); r1; r2; s3'],
    seen: [
      '/ -> 503, r2 SC-- 4',
      '/ -> 503, r2 SC-- 4',
      'r1',
      'r2 stot=10 lbtot=2 wretr=8 econ=2',
      's3',
      'BACKEND stot=2 lbtot=2 wretr=8 econ=2 hrsp_5xx=2',
    ],
  },
  {
    settings: ['retries 4; option redispatch; balance hdr(none); r1; r2; s3'],
    seen: [
      '/ -> 503, r2 SC-- +4',
      '/ -> 200 s3, s3 ---- 0',
      'r1 stot=4 lbtot=1 wretr=3 wredis=1',
      'r2 stot=1 lbtot=1 econ=1',
      's3 stot=1 lbtot=1',
      'BACKEND stot=2 lbtot=3 wretr=3 wredis=1 econ=1 hrsp_5xx=1',
    ],
  },
  {
    settings: [
      'retries 4; option redispatch; balance uri; r1; r2; s3',
      'retries 4; option redispatch; balance source; r1; r2; s3',
      'retries 4; option redispatch; balance hdr(host); hash-type consistent; r1; r2; s3',
    ],
    seen: [
      '/ -> 200 s3, s3 ---- 0',
      '/ -> 200 s3, s3 ---- 0',
      'r1',
      'r2',
      's3 stot=2 lbtot=2',
      'BACKEND stot=2 lbtot=2',
    ],
  },
  {
    settings: ['retries 4; option redispatch 2; balance hdr(none); r1; r2; s3'],
    seen: [
      '/ -> 200 s3, s3 ---- +4',
      '/ -> 200 s3, s3 ---- +4',
      'r1 stot=4 lbtot=2 wretr=2 wredis=2',
      'r2 stot=4 lbtot=2 wretr=2 wredis=2',
      's3 stot=2 lbtot=2',
      'BACKEND stot=2 lbtot=6 wretr=4 wredis=4',
    ],
  },
  {
    settings: ['retries 5; option redispatch -3; balance hdr(none); r1; r2; s3'],
    seen: [
      '/ -> 503, r2 SC-- +5',
      '/ -> 200 s3, s3 ---- 0',
      'r1 stot=3 lbtot=1 wretr=2 wredis=1',
      'r2 stot=3 lbtot=1 wretr=2 econ=1',
      's3 stot=1 lbtot=1',
      'BACKEND stot=2 lbtot=3 wretr=4 wredis=1 econ=1 hrsp_5xx=1',
    ],
  },
  {
    settings: [
      'retries 2; option redispatch; r1',
      'retries 2; option redispatch; r1; r2 weight 0; s3 backup',
      'retries 2; option redispatch; r1 backup; s3 backup',
    ],
    seen: [
      '/ -> 503, r1 SC-- 2',
      'r1 stot=3 lbtot=1 wretr=2 econ=1',
      'BACKEND stot=1 lbtot=1 wretr=2 econ=1 hrsp_5xx=1',
    ],
  },
  {
    settings: ['retries 2; option redispatch; option allbackups; r1 backup; s3 backup'],
    seen: [
      '/ -> 200 s3, s3 ---- +2',
      'r1 stot=2 lbtot=1 wretr=1 wredis=1',
      's3 stot=1 lbtot=1',
      'BACKEND stot=1 lbtot=2 wretr=1 wredis=1',
    ],
  },
  {
    settings: ['retries 2; option redispatch; use-server r2 if TRUE; r1; r2; s3'],
    seen: ['/ -> 503, r1 SC-- +2', 'r1 stot=1 lbtot=1 econ=1', 'r2 stot=2 wretr=1 wredis=1', 's3'],
  },
  {
    settings: ['retries 2; option redispatch 1; force-persist if TRUE; cookie SRV insert; r1; s3'],
    seen: ['/ r1 -> 503, r1 SCVN 2', '/ -> 503, r1 SCNN 2', 'r1 stot=6 lbtot=1 wretr=4 econ=2', 's3'],
  },
  {
    settings: ['retries 3; option redispatch; option persist; cookie SRV insert; r1 disabled; r2; s3'],
    seen: [
      '/ r1 -> 200 s3 SRV=s3; path=/, s3 --DI +2',
      '/ r2 -> 200 s3 SRV=s3; path=/, s3 --DI +3',
      'r1 stot=1 wredis=1',
      'r2 stot=4 lbtot=1 wretr=2 wredis=2',
      's3 stot=2 lbtot=2',
      'BACKEND stot=2 lbtot=3 wretr=2 wredis=3',
    ],
  },
  {
    settings: ['retries 1; option persist; cookie SRV insert; r1 disabled; s3'],
    seen: ['/ r1 -> 503, r1 SCDN 1', 'r1 stot=2 wretr=1 econ=1', 's3'],
  },
  {
    settings: ['retries 2; option redispatch; stick-table type string size 10; stick on hdr(host); r1; s3'],
    seen: ['/ -> 200 s3, s3 ---- +1', '/ -> 200 s3, s3 ---- 0', 'r1 stot=1 lbtot=1 wredis=1', 's3 stot=2 lbtot=1'],
  },
  {
    settings: [
      'retries 2; option redispatch; cookie SRV insert; stick-table type string size 10; stick on hdr(host); s1; s3',
    ],
    seen: ['/ -> 200 s1 SRV=s1; path=/, s1 --NI 0', '/ s3 -> 200 s3, s3 --VN 0', 's1 stot=1 lbtot=1', 's3 stot=1'],
  },
  {
    settings: ['retries 3; retry-on all-retryable-errors; balance roundrobin; cookie SRV insert indirect; s1; s2; s3'],
    seen: [
      '/busy s2 -> 503 s2 s2 s2 s2, s2 --VN 3',
      '/junk s1 -> 502 s1 s1 s1 s1, s1 PHVN 3',
      '/junk -> 502 s1 s1 s1 s1, s1 PHNN 3',
      '/empty -> 502 s2 s2 s2 s2, s2 SHNN 3',
      's1 stot=8 lbtot=1 eresp=8',
      's2 stot=8 lbtot=1 eresp=1 hrsp_5xx=1',
      's3',
      'BACKEND stot=4 lbtot=2 eresp=9 hrsp_5xx=4',
    ],
  },
  {
    settings: ['retries 3; retry-on all-retryable-errors; balance hdr(host); cookie SRV insert indirect; s1; s2; s3'],
    seen: [
      '/busy s2 -> 503 s2 s2 s2 s2, s2 --VN 3',
      '/junk s1 -> 502 s1 s1 s1 s1, s1 PHVN 3',
      '/junk -> 502 s2 s2 s2 s2, s2 PHNN 3',
      '/empty -> 502 s2 s2 s2 s2, s2 SHNN 3',
      's1 stot=4 eresp=4',
      's2 stot=12 lbtot=2 eresp=5 hrsp_5xx=1',
      's3',
      'BACKEND stot=4 lbtot=2 eresp=9 hrsp_5xx=4',
    ],
  },
  {
    settings: [
      'retries 3; option redispatch; retry-on all-retryable-errors; balance roundrobin; cookie SRV insert indirect; s1; s2; s3',
    ],
    seen: [
      '/busy s2 -> 503 s2 s2 s2 s1 SRV=s1; path=/, s1 --DI +3',
      '/junk s1 -> 502 s1 s1 s1 s2, s2 PHDN +3',
      '/junk -> 502 s3 s1 s2 s3, s3 PHNN +3',
      '/empty -> 502 s1 s2 s3 s1, s1 SHNN +3',
      's1 stot=7 lbtot=4 wredis=3 eresp=5 hrsp_5xx=1',
      's2 stot=6 lbtot=3 wredis=3 eresp=2',
      's3 stot=3 lbtot=3 wredis=2 eresp=2',
      'BACKEND stot=4 lbtot=10 wredis=8 eresp=9 hrsp_5xx=4',
    ],
  },
  {
    settings: [
      'retries 3; option redispatch; retry-on all-retryable-errors; balance hdr(host); cookie SRV insert indirect; s1; s2; s3',
    ],
    seen: [
      '/busy s2 -> 503 s2 s2 s2 s2 SRV=s2; path=/, s2 --VI 3',
      '/junk s1 -> 502 s1 s1 s1 s2, s2 PHDN +3',
      '/junk -> 502 s2 s2 s2 s2, s2 PHNN 3',
      '/empty -> 502 s2 s2 s2 s2, s2 SHNN 3',
      's1 stot=3 wredis=1 eresp=3',
      's2 stot=13 lbtot=3 eresp=6 hrsp_5xx=1',
      's3',
      'BACKEND stot=4 lbtot=3 wredis=1 eresp=9 hrsp_5xx=4',
    ],
  },
  {
    settings: [
      'retries 3; option redispatch 1; retry-on all-retryable-errors; balance roundrobin; cookie SRV insert indirect; s1; s2; s3',
    ],
    seen: [
      '/busy s2 -> 503 s2 s1 s2 s3 SRV=s3; path=/, s3 --DI +3',
      '/junk s1 -> 502 s1 s2 s3 s1, s1 PHDN +3',
      '/junk -> 502 s2 s3 s1 s2, s2 PHNN +3',
      '/empty -> 502 s3 s1 s2 s3, s3 SHNN +3',
      's1 stot=5 lbtot=4 wredis=4 eresp=3',
      's2 stot=6 lbtot=5 wredis=5 eresp=3',
      's3 stot=5 lbtot=5 wredis=3 eresp=3 hrsp_5xx=1',
      'BACKEND stot=4 lbtot=14 wredis=12 eresp=9 hrsp_5xx=4',
    ],
  },
  {
    settings: [
      'retries 3; option redispatch 1; retry-on all-retryable-errors; balance hdr(host); cookie SRV insert indirect; s1; s2; s3',
    ],
    seen: [
      '/busy s2 -> 503 s2 s2 s2 s2 SRV=s2; path=/, s2 --VI 3',
      '/junk s1 -> 502 s1 s2 s2 s2, s2 PHDN +3',
      '/junk -> 502 s2 s2 s2 s2, s2 PHNN 3',
      '/empty -> 502 s2 s2 s2 s2, s2 SHNN 3',
      's1 stot=1 wredis=1 eresp=1',
      's2 stot=15 lbtot=3 eresp=8 hrsp_5xx=1',
      's3',
      'BACKEND stot=4 lbtot=3 wredis=1 eresp=9 hrsp_5xx=4',
    ],
  },
  {
    settings: ['retries 1; retry-on empty-response; s1'],
    seen: [
      '/empty -> 502 s1 s1, s1 SH-- 1',
      '/cut -> 502 s1 s1, s1 SH-- 1',
      '/junk -> 502 s1, s1 PH-- 0',
      '/slow -> 504 s1, s1 sH-- 0',
      '/busy -> 503 s1, s1 ---- 0',
      's1 stot=7 lbtot=5 eresp=4 hrsp_5xx=1',
      'BACKEND stot=5 lbtot=5 eresp=4 hrsp_5xx=5',
    ],
  },
  {
    settings: ['retries 1; retry-on junk-response; s1'],
    seen: [
      '/empty -> 502 s1, s1 SH-- 0',
      '/cut -> 502 s1, s1 SH-- 0',
      '/junk -> 502 s1 s1, s1 PH-- 1',
      '/slow -> 504 s1, s1 sH-- 0',
      's1 stot=5 lbtot=4 eresp=5',
      'BACKEND stot=4 lbtot=4 eresp=5 hrsp_5xx=4',
    ],
  },
  {
    settings: ['retries 1; retry-on response-timeout 503; s1'],
    seen: [
      '/empty -> 502 s1, s1 SH-- 0',
      '/slow -> 504 s1 s1, s1 sH-- 1',
      '/busy -> 503 s1 s1, s1 ---- 1',
      's1 stot=5 lbtot=3 eresp=2 hrsp_5xx=1',
      'BACKEND stot=3 lbtot=3 eresp=2 hrsp_5xx=3',
    ],
  },
  {
    settings: ['retries 1; retry-on conn-failure 503; option redispatch; s1; r1; s3'],
    seen: [
      '/busy -> 503 s1, r1 SC-- +1',
      '/ -> 200 s3, s3 ---- 0',
      's1 stot=1 lbtot=1 wredis=1',
      'r1 stot=1 lbtot=1 econ=1',
      's3 stot=1 lbtot=1',
      'BACKEND stot=2 lbtot=3 wredis=1 econ=1 hrsp_5xx=1',
    ],
  },
  {
    settings: ['retries 2; retry-on 503; option redispatch; s1; r1; s3'],
    seen: [
      '/busy -> 503 s1, r1 SC-- +1',
      's1 stot=1 lbtot=1 wredis=1',
      'r1 stot=1 lbtot=1 econ=1',
      'BACKEND stot=1 lbtot=2 wredis=1 econ=1 hrsp_5xx=1',
    ],
  },
];
