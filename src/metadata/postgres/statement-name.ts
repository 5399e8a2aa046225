const names = new Map<string, string>();

/**
 * A statement's name on every connection, by which PostgreSQL finds what it has parsed and planned. The texts are few: lists
 * travel as one parameter, whatever their length.
 */
export function statementName(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = `berth_${names.size + 1}`;
    names.set(sql, name);
  }
  return name;
}
