/** What certificates tell, whosever they are (HAProxy manual, section 7.3.4: `ssl_c_*`, `ssl_f_*`, `ssl_s_*`). */

import type { Arg } from '../args.ts';
import type { CompiledFetch, FetchRow, Source } from '../row.ts';
import type { ExprError, ValueType } from '../sample.ts';
import type { CertificateFacts, ExprContext, NameFacts, SampleValue } from '../types.ts';

/** How to get at a certificate; null: there is none. */
type Certificate = (ctx: ExprContext) => CertificateFacts | null | undefined;

/** Entry, occurrence (from the end when negative) and format of a name. */
function compileName(
  args: readonly Arg[],
  name: (ctx: ExprContext) => NameFacts | undefined,
): ((ctx: ExprContext) => SampleValue | undefined) | ExprError {
  const [entry = '', occurrence = 0, format = ''] = args as [string?, number?, string?];
  if (format !== '' && format !== 'rfc2253') return { error: 'only rfc2253 or a blank value are currently supported' };
  if (entry !== '') {
    const which = Number(occurrence) || 1;
    return (ctx) => name(ctx)?.entry(entry, which);
  }
  const form = format === '' ? 'oneline' : 'rfc2253';
  return (ctx) => name(ctx)?.text(form) || undefined;
}

/** The row of a distinguished name. */
export function nameFetch(name: string, source: Source, read: (ctx: ExprContext) => NameFacts | undefined): FetchRow {
  const args = '[string,integer,string]';
  return { name, args, type: 'str', source, compile: (given) => compileName(given, read) as CompiledFetch | ExprError };
}

/** Rows of a certificate whose names begin with `prefix` (`ssl_c`). */
export function certificateFetches(prefix: string, source: Source, certificate: Certificate): FetchRow[] {
  const row = (
    name: string,
    type: ValueType,
    read: (certificate: CertificateFacts) => SampleValue | undefined,
  ): FetchRow => ({
    name: `${prefix}_${name}`,
    args: '',
    type,
    source,
    compile: () => (ctx) => {
      const found = certificate(ctx);
      return found == null ? undefined : read(found);
    },
  });
  return [
    row('der', 'bin', ({ der }) => der),
    nameFetch(`${prefix}_i_dn`, source, (ctx) => certificate(ctx)?.issuer),
    row('key_alg', 'str', ({ keyAlgorithm }) => keyAlgorithm || undefined),
    row('notafter', 'str', ({ notAfter }) => notAfter),
    row('notbefore', 'str', ({ notBefore }) => notBefore),
    nameFetch(`${prefix}_s_dn`, source, (ctx) => certificate(ctx)?.subject),
    row('serial', 'bin', ({ serial }) => serial),
    row('sha1', 'bin', ({ sha1 }) => sha1),
    row('sig_alg', 'str', ({ signatureAlgorithm }) => signatureAlgorithm || undefined),
    row('version', 'sint', ({ version }) => version),
  ];
}
