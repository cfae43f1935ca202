import type { KeyObject } from 'node:crypto';
import type { TokenKeys } from '../expr/row.ts';

/** Public keys that rules verify tokens by, as each proxy names them: any rule may choose one of them at run time (`jwt_verify`). */
export class ProxyTokenKeys {
  readonly #byProxy = new Map<number, Map<string, KeyObject>>();

  /** What rules of a proxy, which are being compiled, bring and find; what they brought before is forgotten. */
  of(proxy: number): TokenKeys {
    const own = new Map<string, KeyObject>();
    this.#byProxy.set(proxy, own);
    return { add: (path, key) => void own.set(path, key), find: (path) => this.#find(path) };
  }

  remove(proxy: number): void {
    this.#byProxy.delete(proxy);
  }

  #find(path: string): KeyObject | null {
    for (const keys of this.#byProxy.values()) {
      const key = keys.get(path);
      if (key !== undefined) return key;
    }
    return null;
  }
}
