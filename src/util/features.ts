/**
 * What `-vv`, `-cc feature(...)` and `.if feature(...)` claim, under HAProxy's names: true only for what works here.
 * Names that Sluice has no notion of are absent, and so count as absent in conditions.
 */
export const FEATURES: Readonly<Record<string, boolean>> = {
  '51DEGREES': false,
  ACCEPT4: true,
  CRYPT_H: false,
  DEVICEATLAS: false,
  EPOLL: true,
  GETADDRINFO: true,
  KTLS: false,
  LINUX_CAP: true,
  LINUX_SPLICE: false,
  LINUX_TPROXY: false,
  LUA: false,
  NS: false,
  OPENSSL: true,
  OT: false,
  PCRE: false,
  PCRE2: false,
  POLL: false,
  PROMEX: true,
  QUIC: false,
  SHM_OPEN: false,
  SLZ: false,
  SSL: true,
  SYSTEMD: true,
  TFO: false,
  THREAD: true,
  WURFL: false,
  ZLIB: false,
};
