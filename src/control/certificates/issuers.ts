import { X509Certificate } from 'node:crypto';
import type { CertificateContent } from '../../config/certificates.ts';
import { CertificateError } from '../../model/certificates/content.ts';
import { isCertificate, pemBlocks } from '../../model/certificates/pem.ts';
import { sharedBytes, textOf } from '../../model/certificates/shared-bytes.ts';
import { certificatesInFolder } from './read-crt-list.ts';
import { readSource } from './sources.ts';

/** Completes chains: gives a content back with what its file lacks, and without what need not be sent. */
export type ChainCompletion = (content: CertificateContent) => CertificateContent;

/**
 * `issuers-chain-path` and `ssl-skip-self-issued-ca`. `folder`: as it is named, and as it is opened; null without one. Throws
 * CertificateError where it cannot be read.
 */
export function chainCompletion(
  folder: { readonly path: string; readonly opened: string } | null,
  skipSelfIssued: boolean,
): ChainCompletion {
  const chains = folder === null ? [] : chainsOf(folder.path, folder.opened);
  return (content) => {
    const blocks = pemBlocks(textOf(content.chain)).filter(isCertificate);
    let chain = blocks.slice(1).map(({ text }) => text);
    if (chain.length === 0 && chains.length > 0) {
      const leaf = new X509Certificate(blocks[0]!.text);
      chain = [...(chains.find(({ issuer }) => leaf.checkIssued(issuer))?.texts ?? [])];
    }
    if (skipSelfIssued) chain = chain.filter((text) => !isSelfIssued(text));
    if (chain.length === blocks.length - 1) return content;
    return { ...content, chain: sharedBytes(blocks[0]!.text + chain.join('')) };
  };
}

function isSelfIssued(text: string): boolean {
  const certificate = new X509Certificate(text);
  return certificate.subject === certificate.issuer;
}

function chainsOf(
  path: string,
  opened: string,
): { readonly issuer: X509Certificate; readonly texts: readonly string[] }[] {
  return certificatesInFolder(path, opened).flatMap((name) => {
    const file = opened + name.slice(path.length);
    const texts = pemBlocks(readSource(file).latin1Slice())
      .filter(isCertificate)
      .map(({ text }) => text);
    if (texts.length === 0) return [];
    try {
      return { issuer: new X509Certificate(texts[0]!), texts };
    } catch {
      throw new CertificateError(`unable to load certificate from file '${name}'`);
    }
  });
}
