/** What a browser shows before and at the end of a consent. */
export interface ConsentPage {
  readonly title: string;
  readonly text: string;
  readonly hint?: string | undefined;
  /** Where to go from there; without one there is nothing more to do. */
  readonly link?: { readonly href: string; readonly text: string } | undefined;
}

/** A page that needs nothing but itself: no script, no other file. */
export function consentPage({ title, text, hint, link }: ConsentPage): string {
  const further = [
    ...(hint === undefined ? [] : [`<p>${escaped(hint)}</p>`]),
    link === undefined ? '<p>You can close this window.</p>' : `<p><a href="${escaped(link.href)}">${escaped(link.text)}</a></p>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>body{font:1.125rem/1.5 system-ui,sans-serif;margin:0}main{max-width:36rem;margin:4rem auto;padding:0 1.5rem}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
${further.join('\n')}
</main>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
