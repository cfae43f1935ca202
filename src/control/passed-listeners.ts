import type { Address } from '../config/types.ts';
import type { TrafficLink } from '../model/messages.ts';
import type { Model } from '../model/model.ts';

/** A listening socket as it is passed to another process. */
export interface PassedListener {
  readonly key: string;
  readonly fd: number;
}

/** Names a bound address, the same in the process that passes its socket and in the one that takes it. */
export function listenerKey(address: Address): string {
  switch (address.family) {
    case 'unix':
    case 'abns':
      return `${address.family} ${address.path}`;
    case 'inet':
    case 'inet6':
      return `${address.family} ${address.host} ${address.port}`;
    default:
      return '';
  }
}

/** The listening sockets of all threads. */
export async function passedListeners(model: Model, traffic: TrafficLink): Promise<PassedListener[]> {
  const answers = (await traffic.ask({ kind: 'listeners.fds' })) as ([number, number, number][] | null)[];
  return answers.flatMap((sockets) =>
    (sockets ?? []).flatMap(([proxy, id, fd]) => {
      const listener = model.proxiesById.get(proxy)?.listeners.find((l) => l.id === id);
      const key = listener === undefined ? '' : listenerKey(listener.config.address);
      return key === '' || fd < 0 ? [] : [{ key, fd }];
    }),
  );
}
