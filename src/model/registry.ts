/** A registry is one account in one region; every repository belongs to exactly one. */
export interface Registry {
  /** The account: ECR's `registryId`, 12 digits. */
  readonly id: string;
  /** Any DNS label, `us-east-1` as well as `onprem-1`. */
  readonly region: string;
}

export function isRegistryId(text: string): boolean {
  return /^[0-9]{12}$/.test(text);
}

export function isRegion(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);
}
