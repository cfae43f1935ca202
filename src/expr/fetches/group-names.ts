/** Groups of key exchanges by their numbers (IANA, TLS Supported Groups), in OpenSSL's names as HAProxy writes them: in capitals. */

const CURVES = `
  sect163k1 sect163r1 sect163r2 sect193r1 sect193r2 sect233k1 sect233r1 sect239k1 sect283k1 sect283r1 sect409k1 sect409r1 sect571k1
  sect571r1 secp160k1 secp160r1 secp160r2 secp192k1 secp192r1 secp224k1 secp224r1 secp256k1 secp256r1 secp384r1 secp521r1
  brainpoolP256r1 brainpoolP384r1 brainpoolP512r1 x25519 x448 brainpoolP256r1tls13 brainpoolP384r1tls13 brainpoolP512r1tls13
`;
const OTHERS = `
  256 ffdhe2048 257 ffdhe3072 258 ffdhe4096 259 ffdhe6144 260 ffdhe8192 512 MLKEM512 513 MLKEM768 514 MLKEM1024
  4587 SecP256r1MLKEM768 4588 X25519MLKEM768 4589 SecP384r1MLKEM1024 4590 curveSM2MLKEM768
`;

const names = new Map<number, string>(
  CURVES.trim()
    .split(/\s+/)
    .map((name, index) => [index + 1, name.toUpperCase()]),
);
for (const [, number, name] of OTHERS.matchAll(/(\d+) (\S+)/g)) names.set(Number(number), name!.toUpperCase());

/** The name of a group; '' for 0 and for what nobody knows. */
export function groupName(group: number): string {
  return names.get(group) ?? '';
}
