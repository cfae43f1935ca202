import { TcpClient } from '../../tcp-client.ts';
import { type ActionRow, Verdict } from '../types.ts';

/** `switch-mode http [proto <h1|h2>]`: a connection of mode tcp goes on as one of HTTP; the rules that follow are not for it. */
export const switchModeAction: ActionRow = {
  name: 'switch-mode',
  kinds: ['tcp-request content'],
  compile(words, env) {
    if (env.proxyKind === 'backend') return { error: "'switch-mode' is for proxies with frontend capability" };
    const mode = words.take() ?? '';
    if (mode !== 'http') return { error: `expects 'http', the only mode that can be switched to (got '${mode}')` };
    const proto = words.skip('proto') ? (words.take() ?? '') : null;
    if (proto !== null && proto !== 'h1' && proto !== 'h2')
      return { error: `'proto': unknown MUX protocol '${proto}'; 'h1' and 'h2' are known` };
    return (stream) => {
      const { client } = stream;
      // Requests of a connection that was switched before come by here, too.
      if (!(client instanceof TcpClient)) return Verdict.stop;
      client.switchToHttp(proto);
      return Verdict.done;
    };
  },
};
