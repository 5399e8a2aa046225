/**
 * The SDK's type `T` as the parser answers it: read-only all the way down, required members present, optional ones either
 * absent or defined.
 */
export type ParsedOf<T> = T extends Uint8Array | Date
  ? T
  : T extends readonly (infer Item)[]
    ? readonly ParsedOf<Item>[]
    : T extends object
      ? { readonly [K in keyof T]: ParsedOf<Exclude<T[K], undefined>> }
      : T;
