/** An authority without the port that its scheme stands for (RFC 9110, 4.2.3): HAProxy hands it on so. */
export function withoutDefaultPort(scheme: string, authority: string): string {
  const port = scheme === 'http' ? ':80' : scheme === 'https' ? ':443' : '';
  return port !== '' && authority.endsWith(port) ? authority.slice(0, -port.length) : authority;
}
