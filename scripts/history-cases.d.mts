export const cases: { readonly [name: string]: unknown };
