import type { ListenSpec } from '../net/transport.ts';
import type { BindConfig } from './types.ts';

/** What a `bind` line says of its listening socket beside the address, as transports take it. */
export function listenOptions(bind: BindConfig) {
  const { v6only, interface: device, transparent, deferAccept } = bind;
  const { mss, tfo: fastOpen, congestion, tcpUserTimeout: userTimeout, namespace, md5Key } = bind;
  return {
    v6only,
    share: true,
    device,
    transparent,
    deferAccept,
    mss,
    fastOpen,
    congestion,
    userTimeout,
    namespace,
    md5Key,
  } satisfies Partial<ListenSpec>;
}
