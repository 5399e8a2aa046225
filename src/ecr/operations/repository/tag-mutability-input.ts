interface MutabilityInput {
  readonly imageTagMutabilityExclusionFilters?: readonly { readonly filter: string }[] | undefined;
}

/** The exclusion filters of an input, as patterns; none without the member. Every filter is a wildcard one. */
export function filtersOf(input: MutabilityInput): string[] {
  return (input.imageTagMutabilityExclusionFilters ?? []).map(({ filter }) => filter);
}
