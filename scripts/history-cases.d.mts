export const cases: { readonly [name: string]: unknown };
export const recorded: readonly string[];
