import {
  type CertificateFacts,
  type CrtListEntry,
  parseCrtList,
  parseFacts,
  parseStores,
  parseTicketKeys,
  type Stores,
  type TicketKeys,
} from '../parse/certificates.ts';
import type { Session } from '../session.ts';
import { requireFeature } from '../versions.ts';

/** PEM without empty lines: those would end the payload, and mean nothing in it. */
const withoutEmptyLines = (pem: string) => pem.replace(/^\s*\n/gm, '');

/** Commands for certificates. What is set waits in a transaction until it is committed or aborted; there is one at a time. */
export function certificateCommands(session: Session) {
  const { run } = session;
  const perform = async (...words: string[]) => {
    await run(words);
  };
  return {
    async showSslCerts(): Promise<Stores> {
      return parseStores(await run(['show', 'ssl', 'cert']));
    },
    /** Facts of a certificate in force; with `*` before the name of the one in the transaction. */
    async showSslCert(file: string): Promise<CertificateFacts> {
      return parseFacts(await run(['show', 'ssl', 'cert', file]));
    },
    /** Certificate, key and chain in PEM (HAProxy 3.1). */
    async dumpSslCert(file: string): Promise<string> {
      requireFeature(session.identity, 'dump ssl cert', "'dump ssl cert'");
      return run(['dump', 'ssl', 'cert', file]);
    },
    newSslCert: (file: string) => perform('new', 'ssl', 'cert', file),
    async setSslCert(file: string, pem: string): Promise<void> {
      await run(['set', 'ssl', 'cert', file], { payload: withoutEmptyLines(pem) });
    },
    commitSslCert: (file: string) => perform('commit', 'ssl', 'cert', file),
    abortSslCert: (file: string) => perform('abort', 'ssl', 'cert', file),
    delSslCert: (file: string) => perform('del', 'ssl', 'cert', file),
    async showSslCrtLists(): Promise<string[]> {
      return (await run(['show', 'ssl', 'crt-list'])).split('\n').filter((line) => line !== '');
    },
    async showSslCrtList(list: string): Promise<CrtListEntry[]> {
      return parseCrtList(await run(['show', 'ssl', 'crt-list', '-n', list]));
    },
    /** Adds a certificate to a crt-list; with `line` a whole line of one: file, options in brackets, filters. */
    async addSslCrtList(list: string, entry: { readonly file: string } | { readonly line: string }): Promise<void> {
      if ('file' in entry) await run(['add', 'ssl', 'crt-list', list, entry.file]);
      else await run(['add', 'ssl', 'crt-list', list], { payload: entry.line });
    },
    /** Takes a certificate off a crt-list; the line number is needed where it is there several times. */
    delSslCrtList: (list: string, file: string, line?: number) =>
      perform('del', 'ssl', 'crt-list', list, line === undefined ? file : `${file}:${line}`),
    async showTlsKeys(): Promise<TicketKeys[]> {
      return parseTicketKeys(await run(['show', 'tls-keys', '*']));
    },
    /** Adds a ticket key (base64); the oldest one goes. `id`: file, or `#id`. */
    setTlsKey: (id: string, key: string) => perform('set', 'ssl', 'tls-key', id, key),
  };
}

/** Commands for certificate authorities, revocation lists and OCSP responses. */
export function trustCommands(session: Session) {
  const { run } = session;
  const perform = async (...words: string[]) => {
    await run(words);
  };
  const store = (kind: 'ca-file' | 'crl-file') => ({
    list: async (): Promise<Stores> => parseStores(await run(['show', 'ssl', kind])),
    make: (file: string) => perform('new', 'ssl', kind, file),
    set: async (file: string, pem: string) => {
      await run(['set', 'ssl', kind, file], { payload: withoutEmptyLines(pem) });
    },
    commit: (file: string) => perform('commit', 'ssl', kind, file),
    abort: (file: string) => perform('abort', 'ssl', kind, file),
    del: (file: string) => perform('del', 'ssl', kind, file),
  });
  const ca = store('ca-file');
  const crl = store('crl-file');
  return {
    showSslCaFiles: ca.list,
    newSslCaFile: ca.make,
    setSslCaFile: ca.set,
    /** Adds certificates to those of the transaction (HAProxy 2.7). */
    async addSslCaFile(file: string, pem: string): Promise<void> {
      requireFeature(session.identity, 'add ssl ca-file', "'add ssl ca-file'");
      await run(['add', 'ssl', 'ca-file', file], { payload: withoutEmptyLines(pem) });
    },
    commitSslCaFile: ca.commit,
    abortSslCaFile: ca.abort,
    delSslCaFile: ca.del,
    showSslCrlFiles: crl.list,
    newSslCrlFile: crl.make,
    setSslCrlFile: crl.set,
    commitSslCrlFile: crl.commit,
    abortSslCrlFile: crl.abort,
    delSslCrlFile: crl.del,
    /** Ids of the OCSP responses there are. */
    async showSslOcspResponses(): Promise<string[]> {
      const text = await run(['show', 'ssl', 'ocsp-response']);
      return [...text.matchAll(/^Certificate ID key : (\S+)/gm)].map((match) => match[1]!);
    },
    /** One OCSP response as text. */
    showSslOcspResponse: (id: string): Promise<string> => run(['show', 'ssl', 'ocsp-response', id]),
    /** Puts an OCSP response (DER in base64) in the place of the one for the same certificate. */
    async setSslOcspResponse(base64: string): Promise<void> {
      const payload = base64.replace(/\s+/g, '').replace(/.{76}/g, '$&\n');
      await run(['set', 'ssl', 'ocsp-response'], { payload });
    },
    /** Fetches an OCSP response anew (HAProxy 2.8). */
    async updateSslOcspResponse(file: string): Promise<void> {
      requireFeature(session.identity, 'update ssl ocsp-response', "'update ssl ocsp-response'");
      await run(['update', 'ssl', 'ocsp-response', file]);
    },
  };
}
