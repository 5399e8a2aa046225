/** What clients are tried for, in the order in which it is tried. */
export const CAPABILITIES = {
  login: 'Log in',
  push: 'Push',
  list: 'List tags',
  pull: 'Pull',
  mount: 'Copy with mounting',
  referrers: 'Referrers',
  deleteTag: 'Delete a tag',
  deleteImage: 'Delete by digest',
} as const;

export type Capability = keyof typeof CAPABILITIES;

export const CAPABILITY_ORDER = Object.keys(CAPABILITIES) as readonly Capability[];

/** Of a client that has no such thing: why, as a sentence. */
export interface Lacking {
  readonly lacks: string;
}

/** What is known of one client's way with one capability: what it was told to do, or why it cannot. */
export type Finding = { readonly commands: readonly string[] } | Lacking;

export type Findings = Readonly<Record<Capability, Finding>>;
