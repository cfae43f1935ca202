import { Database, type DatabaseView } from './database.ts';

/** The databases that a thread looks up, by their paths. */
export class Databases {
  readonly #all = new Map<string, Database>();

  constructor(views: readonly DatabaseView[] = []) {
    this.put(views);
  }

  /** Adds databases, or other editions of those that are there. They have been opened by the control thread before. */
  put(views: readonly DatabaseView[]): void {
    for (const view of views) {
      const known = this.#all.get(view.path);
      if (known === undefined) this.#all.set(view.path, new Database(view));
      else if (known.view.content !== view.content) known.use(view);
    }
  }

  find(path: string): Database | null {
    return this.#all.get(path) ?? null;
  }
}
