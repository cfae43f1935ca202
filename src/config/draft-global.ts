/** The global section before its first line: HAProxy's defaults. */

import type { Draft } from './draft.ts';
import { newTlsOptions } from './tls.ts';
import type { GlobalConfig, GlobalTlsConfig, Tunables } from './types.ts';

/** HAProxy's defaults, where a value has a meaning here. */
const TUNABLES: Tunables = {
  bufsize: 16384,
  maxrewrite: 1024,
  maxhdr: 101,
  logurilen: 1024,
  cookielen: 64,
  cliMaxPayloadSize: 131072,
  h2InitialWindowSize: 65536,
  h2MaxConcurrentStreams: 100,
  h2MaxFrameSize: 16384,
  h2HeaderTableSize: 4096,
  poolHighFdRatio: 25,
  poolLowFdRatio: 20,
  maxaccept: 4,
  rcvbufClient: null,
  rcvbufServer: null,
  sndbufClient: null,
  sndbufServer: null,
  stickCounters: 3,
  patternCacheSize: 10000,
  comp_maxlevel: 1,
};

/** Likewise, for TLS. */
function newGlobalTls(): Draft<GlobalTlsConfig> {
  return {
    bind: newTlsOptions(),
    bindPreferClientCiphers: false,
    bindStrictSni: false,
    server: newTlsOptions(),
    serverVerify: 'required',
    extraFiles: ['bundle', 'sctl', 'ocsp', 'issuer', 'key'],
    extraWithoutExtension: false,
    issuersChainPath: null,
    skipSelfIssuedCa: false,
    keyBase: null,
    dhParamFile: null,
    defaultDhParam: 2048,
    securityLevel: null,
    maxConn: 0,
    cacheSize: 20_000,
    lifetime: 300_000,
    hardMaxRecord: 0,
    captureBufferSize: 0,
    keylog: false,
    certificateCompression: true,
    ocspUpdate: { mode: false, disabled: false, minDelay: 300_000, maxDelay: 3_600_000, httpProxy: null },
  };
}

export function newGlobal(): Draft<GlobalConfig> {
  return {
    at: {},
    maxconn: null,
    nbthread: null,
    maxconnrate: 0,
    maxsessrate: 0,
    maxsslrate: 0,
    maxcomprate: 0,
    maxcompcpuusage: 100,
    daemon: false,
    masterWorker: false,
    user: null,
    group: null,
    uid: null,
    gid: null,
    chroot: null,
    capabilities: [],
    pidfile: null,
    node: null,
    description: null,
    localpeer: null,
    logs: [],
    logTag: null,
    logSendHostname: null,
    statsSockets: [],
    statsTimeout: 10_000,
    statsMaxconn: 10,
    ulimitN: null,
    hardStopAfter: null,
    grace: 0,
    serverStateBase: null,
    serverStateFile: null,
    spreadChecks: 0,
    maxSpreadChecks: null,
    externalCheck: false,
    insecureForkWanted: false,
    crtBase: null,
    caBase: null,
    tls: newGlobalTls(),
    setVars: [],
    defaultPath: [],
    tune: { ...TUNABLES },
    other: {},
    env: {},
  };
}
