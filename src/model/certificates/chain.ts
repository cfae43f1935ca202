import { X509Certificate } from 'node:crypto';
import type { CertificateContent, ChainSettings } from '../../config/certificates.ts';
import { isCertificate, pemBlocks } from './pem.ts';
import { sharedBytes, textOf } from './shared-bytes.ts';

/** Chains are sent as they are. */
export const OWN_CHAINS: ChainSettings = { issuers: [], skipSelfIssued: false };

/** A content with what is sent of its chain; the same one where that is so already. */
export function withChain(content: CertificateContent, settings: ChainSettings): CertificateContent {
  const sent = sentChain(content, settings);
  const before = content.sent === null ? null : textOf(content.sent);
  return sent === before ? content : { ...content, sent: sent === null ? null : sharedBytes(sent) };
}

/** null: the chain as it is. */
function sentChain(content: CertificateContent, { issuers, skipSelfIssued }: ChainSettings): string | null {
  if (issuers.length === 0 && !skipSelfIssued) return null;
  const blocks = pemBlocks(textOf(content.chain)).filter(isCertificate);
  let chain = blocks.slice(1).map(({ text }) => text);
  if (chain.length === 0) {
    const leaf = new X509Certificate(blocks[0]!.text);
    chain = [...(issuers.find((texts) => leaf.checkIssued(firstOf(texts))) ?? [])];
  }
  if (skipSelfIssued) chain = chain.filter((text) => !isSelfIssued(text));
  return chain.length === blocks.length - 1 ? null : blocks[0]!.text + chain.join('');
}

function isSelfIssued(text: string): boolean {
  const certificate = new X509Certificate(text);
  return certificate.subject === certificate.issuer;
}

/** Chains are never changed: the first of each is read once. */
function firstOf(texts: readonly string[]): X509Certificate {
  const known = first.get(texts) ?? new X509Certificate(texts[0]!);
  first.set(texts, known);
  return known;
}

const first = new WeakMap<readonly string[], X509Certificate>();
