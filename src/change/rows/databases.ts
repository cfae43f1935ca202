import { readDatabase } from '../../control/databases.ts';
import type { DatabaseView } from '../../model/databases/database.ts';
import type { Model } from '../../model/model.ts';
import type { ChangeOf } from '../change.ts';
import { done, failed, type Problem, problem, type Row } from '../context.ts';

function find({ databases }: Model, file: string): DatabaseView | null {
  return databases.find(({ path }) => path === file) ?? null;
}

function lacksFile(model: Model, file: string): Problem | null {
  if (find(model, file) !== null) return null;
  const names = model.databases.map(({ path }) => path);
  return problem(
    `no converter looks '${file}' up; there ${names.length === 0 ? 'are none' : `is ${names.join(', ')}`}`,
  );
}

/** A file that `mmdb` looks up is read anew: all threads have the new edition, or keep the one they have when it is damaged. */
export const mmdbReload: Row<ChangeOf<'mmdb.reload'>> = {
  oneShot: true,
  validate: ({ file }, { model }) => lacksFile(model, file),
  preview: ({ file }) => ({ before: `${file} as it was read`, after: `${file} as it is now` }),
  async apply({ file }, { model, traffic }) {
    const read = await readDatabase(file);
    if ('error' in read) return failed(problem(read.error));
    await traffic.ask({ kind: 'databases', databases: [read.view] });
    model.databases = model.databases.map((view) => (view.path === file ? read.view : view));
    return done(null);
  },
};
