import type { ConnClient } from '../../conn-client.ts';
import { type ActionRow, Verdict } from '../types.ts';

/** `<name> layer4`: the connection begins with a header that tells where it really comes from. */
function expecting(name: string, expect: (client: ConnClient) => void): ActionRow {
  return {
    name,
    kinds: ['tcp-request connection'],
    compile(words) {
      const layer = words.take();
      if (layer !== 'layer4')
        return { error: `'${name}' only supports 'layer4' in 'tcp-request connection' rules (got '${layer ?? ''}')` };
      return (stream) => {
        expect(stream.client!.base);
        return Verdict.next;
      };
    },
  };
}

/** Actions that ask for what accepted connections begin with. */
export const expectingActions: readonly ActionRow[] = [
  expecting('expect-proxy', (client) => {
    client.expectsProxy = true;
  }),
  expecting('expect-netscaler-cip', (client) => {
    client.expectsCip = true;
  }),
];
