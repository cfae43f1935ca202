import type { ExprError } from '../../../expr/sample.ts';
import type { RuleKind } from '../types.ts';

/** Actions that HAProxy has and that do not work here, and why. */
const REFUSED: readonly { readonly name: string; readonly kinds: RegExp; readonly why: string }[] = [
  {
    name: 'send-spoe-group',
    kinds: /^(?:http-request|http-response|tcp-request content|tcp-response content)$/,
    why: 'no agent can be asked (SPOE)',
  },
  {
    name: 'ot-group',
    kinds: /^(?:http-(?:request|response|after-response)|tcp-(?:request|response) content)$/,
    why: 'nothing is sent to OpenTracing',
  },
  {
    name: 'use-service',
    kinds: /^tcp-request content$/,
    why: 'services for TCP are programs in Lua, which is not built in',
  },
  {
    name: 'attach-srv',
    kinds: /^tcp-request session$/,
    why: 'servers cannot be reached over connections that they opened (reverse HTTP)',
  },
];

/** Why an action of HAProxy is refused in rules of a kind; null for a word that is none. */
export function refusalOf(kind: RuleKind, name: string): ExprError | null {
  const found = REFUSED.find((one) => one.name === name && one.kinds.test(kind));
  return found === undefined ? null : { error: `'${name}' is not supported: ${found.why}` };
}
