import type { ProxyConfig } from './types.ts';

/** Whether connections of a proxy in mode tcp may be switched to HTTP by a rule, so that its settings for HTTP have a meaning. */
export function switchesMode({ rules }: Pick<ProxyConfig, 'rules'>): boolean {
  return rules['tcp-request'].some(({ words }) => words[0] === 'content' && words[1] === 'switch-mode');
}
