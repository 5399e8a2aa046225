/** The path of a member in AWS's notation: `filter.tagStatus`. The empty path is the request itself. */
export function memberPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** The path of an element of a list, counted from 1: `imageIds.1.member`. */
export function elementPath(path: string, index: number): string {
  return `${path}.${index + 1}.member`;
}
