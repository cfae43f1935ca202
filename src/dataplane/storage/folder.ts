/** A folder of files that clients keep by name. */

import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from '../service/error.ts';

export interface FolderOptions {
  readonly path: string;
  /** What one file is called in messages. */
  readonly title: string;
  readonly mode: number;
  /** The end that names have, and are given where they have another; null: any. */
  readonly extension: string | null;
  /** Which files of the folder it is about. */
  readonly accepts: (name: string) => boolean;
}

/** A stored file as lists tell it. */
export interface Stored {
  readonly storage_name: string;
  readonly file: string;
  readonly size: number;
}

const LONGEST = 200;

export class Folder {
  readonly options: FolderOptions;

  constructor(options: FolderOptions) {
    this.options = options;
  }

  /** The name that a file is kept under: letters, digits, `_`, `-` and dots. Throws ApiError 400 when nothing is left. */
  nameFor(given: string): string {
    const { extension } = this.options;
    const bare = given
      .replace(/^.*[\\/]/, '')
      .replaceAll(/[^A-Za-z0-9_.-]/g, '')
      .replace(/^\.+/, '');
    const name = extension === null || bare.endsWith(extension) ? bare : `${bare}${extension}`;
    if (bare === '' || name.length > LONGEST) throw new ApiError(400, `'${given}' is no name for a file`);
    return name;
  }

  path(name: string): string {
    return join(this.options.path, name);
  }

  async list(): Promise<Stored[]> {
    const names = await readdir(this.options.path).catch(() => [] as string[]);
    const found = await Promise.all(names.filter((name) => this.#isOwn(name)).map((name) => this.#stored(name)));
    return found.filter((one) => one !== null);
  }

  /** The file of that name. Throws ApiError 404. */
  async find(name: string): Promise<Stored> {
    const stored = this.#isOwn(name) ? await this.#stored(name) : null;
    if (stored === null) throw new ApiError(404, `there is no ${this.options.title} '${name}'`);
    return stored;
  }

  async read(name: string): Promise<string> {
    await this.find(name);
    return readFile(this.path(name), 'utf8');
  }

  /** The content of a file, or null when there is none of that name. */
  async bytes(name: string): Promise<Buffer | null> {
    return (await this.#stored(name)) === null ? null : readFile(this.path(name));
  }

  /** Writes a file, whether there is one of that name or not. */
  put(name: string, content: Buffer): Promise<void> {
    return this.#write(name, content);
  }

  /** Writes a new file. Throws ApiError 409 when there is one of that name. */
  async create(name: string, content: Buffer | string): Promise<Stored> {
    if ((await this.#stored(name)) !== null)
      throw new ApiError(409, `there already is a ${this.options.title} '${name}'`);
    await this.#write(name, content);
    return this.find(name);
  }

  async replace(name: string, content: Buffer | string): Promise<Stored> {
    await this.find(name);
    await this.#write(name, content);
    return this.find(name);
  }

  async remove(name: string): Promise<void> {
    await this.find(name);
    await rm(this.path(name));
  }

  /** The old content or the new one, whole, at any time. */
  async #write(name: string, content: Buffer | string): Promise<void> {
    await mkdir(this.options.path, { recursive: true });
    const temporary = join(this.options.path, `.${name}.${randomBytes(6).toString('hex')}`);
    const file = await open(temporary, 'wx', this.options.mode);
    try {
      await file.writeFile(content);
      await file.sync();
      await file.close();
      await rename(temporary, this.path(name));
    } catch (error) {
      await file.close().catch(() => {});
      await rm(temporary, { force: true });
      throw error;
    }
  }

  #isOwn(name: string): boolean {
    return /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/.test(name) && this.options.accepts(name);
  }

  async #stored(name: string): Promise<Stored | null> {
    const file = this.path(name);
    const found = await stat(file).catch(() => null);
    return found?.isFile() ? { storage_name: name, file, size: found.size } : null;
  }
}
