/** Where sources of services are kept: a file each, which only the service may read. */

import type { Resource } from '../edit/resource.ts';
import { Folder } from '../storage/folder.ts';
import type { SourceKind } from './resource.ts';

/** A source as it is kept. */
export interface KeptSource {
  readonly kind: SourceKind;
  readonly resource: Resource;
  /** Backends that it has made or taken over. */
  readonly owned: readonly string[];
}

export class SourceStore {
  readonly #folder: Folder;

  constructor(path: string) {
    const accepts = (name: string) => /^(consul|aws)-[0-9a-f-]{36}\.json$/.test(name);
    this.#folder = new Folder({ path, title: 'source', mode: 0o600, extension: '.json', accepts });
  }

  /** What is kept, and what could not be read: texts for the operator. */
  async read(): Promise<{ readonly sources: readonly KeptSource[]; readonly problems: readonly string[] }> {
    const sources: KeptSource[] = [];
    const problems: string[] = [];
    for (const { storage_name: name, file } of await this.#folder.list()) {
      try {
        sources.push(JSON.parse(await this.#folder.read(name)) as KeptSource);
      } catch (error) {
        problems.push(`${file}: it cannot be read: ${(error as Error).message}`);
      }
    }
    return { sources, problems };
  }

  async keep(source: KeptSource, isNew: boolean): Promise<void> {
    const content = `${JSON.stringify(source)}\n`;
    if (isNew) await this.#folder.create(nameOf(source), content);
    else await this.#folder.replace(nameOf(source), content);
  }

  async forget(source: KeptSource): Promise<void> {
    await this.#folder.remove(nameOf(source));
  }
}

function nameOf({ kind, resource }: KeptSource): string {
  return `${kind}-${resource['id']}.json`;
}
