/** Marks the file as a journal of Sluice (`application_id` of SQLite): 'SLUJ'. */
export const APPLICATION_ID = 0x534c554a;

/**
 * What leads from one version of the schema (`user_version`) to the next; the first makes it. A file of a lower version is brought up
 * when it is opened for writing, one of a higher version is left alone.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE link (
     seq INTEGER PRIMARY KEY, date INTEGER NOT NULL, phase TEXT NOT NULL, attempt INTEGER, target TEXT NOT NULL,
     operation TEXT, object TEXT NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
   CREATE UNIQUE INDEX link_attempt ON link (attempt) WHERE attempt IS NOT NULL;
   CREATE INDEX link_operation ON link (operation) WHERE operation IS NOT NULL;
   CREATE INDEX link_object ON link (object);
   CREATE TABLE override (target TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (target, key)) STRICT;
   CREATE TABLE lease (id TEXT PRIMARY KEY, target TEXT NOT NULL, until INTEGER NOT NULL, body TEXT NOT NULL) STRICT;`,
  // An operation on several load balancers has a lease on each, with its id.
  `CREATE TABLE leases (id TEXT NOT NULL, target TEXT NOT NULL, until INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (target, id)) STRICT;
   INSERT INTO leases SELECT id, target, until, body FROM lease;
   DROP TABLE lease;
   ALTER TABLE leases RENAME TO lease;`,
];
