/** The name of a repository: 2 to 256 characters, lower-case path components joined by `/` (ECR's model, shape `RepositoryName`). */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' };

/** Every repetition is led by a character that the one before it cannot match, so the test takes linear time. */
export const REPOSITORY_NAME_PATTERN =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

export function parseRepositoryName(text: string): RepositoryName | undefined {
  const valid = text.length >= 2 && text.length <= 256 && REPOSITORY_NAME_PATTERN.test(text);
  return valid ? (text as RepositoryName) : undefined;
}
