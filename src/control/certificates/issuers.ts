import { X509Certificate } from 'node:crypto';
import type { ChainSettings } from '../../config/certificates.ts';
import { configuredPath } from '../../config/paths.ts';
import type { GlobalConfig } from '../../config/types.ts';
import { CertificateError } from '../../model/certificates/content.ts';
import { isCertificate, pemBlocks } from '../../model/certificates/pem.ts';
import { certificatesInFolder } from './read-crt-list.ts';
import { readSource } from './sources.ts';

/** What `issuers-chain-path` and `ssl-skip-self-issued-ca` say. Throws CertificateError where the folder cannot be read. */
export function readChainSettings({ tls, at, defaultPath }: GlobalConfig): ChainSettings {
  const { issuersChainPath: path, skipSelfIssuedCa: skipSelfIssued } = tls;
  if (path === null) return { issuers: [], skipSelfIssued };
  const opened = configuredPath(path, at['issuers-chain-path']!.file, defaultPath);
  return { issuers: chainsOf(path, opened), skipSelfIssued };
}

function chainsOf(path: string, opened: string): string[][] {
  return certificatesInFolder(path, opened).flatMap((name) => {
    const texts = pemBlocks(readSource(opened + name.slice(path.length)).latin1Slice())
      .filter(isCertificate)
      .map(({ text }) => text);
    if (texts.length === 0) return [];
    try {
      new X509Certificate(texts[0]!);
      return [texts];
    } catch {
      throw new CertificateError(`unable to load certificate from file '${name}'`);
    }
  });
}
