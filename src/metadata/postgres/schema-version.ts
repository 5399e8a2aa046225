/** The schema is older than this version of Berth: somebody has to bring it up to date. */
export class SchemaBehind extends Error {
  constructor(current: number, target: number) {
    super(`the database has schema version ${current}, and this version of Berth needs ${target}: run berth migrate`);
    this.name = 'SchemaBehind';
  }
}

/** The schema is newer than this version of Berth can work with. */
export class SchemaAhead extends Error {
  constructor(current: number, target: number) {
    super(
      `the database has schema version ${current}, which this version of Berth, made for ${target}, cannot work with: run a newer version of Berth`,
    );
    this.name = 'SchemaAhead';
  }
}
