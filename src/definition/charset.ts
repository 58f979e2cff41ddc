/** The text of bytes in the charset that their content type or their beginning names, else UTF-8; undefined when they are none in it. */
export function textOfBytes(bytes: Uint8Array, contentType: string): string | undefined {
  const decoder = decoderOf(bytes, contentType, true);
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The same for a message: what is no text becomes U+FFFD. */
export function readableText(bytes: Uint8Array, contentType: string): string {
  return decoderOf(bytes, contentType, false).decode(bytes);
}

/** A byte order mark says more than the content type, as in browsers; XML may say it itself. */
function decoderOf(bytes: Uint8Array, contentType: string, fatal: boolean): InstanceType<typeof TextDecoder> {
  const [, quoted, plain] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const label = markOf(bytes) ?? quoted ?? plain ?? xmlEncodingOf(bytes) ?? 'utf-8';
  try {
    return new TextDecoder(label, { fatal });
  } catch {
    // An encoding that nobody knows; most such texts are UTF-8.
    return new TextDecoder('utf-8', { fatal });
  }
}

function markOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

function xmlEncodingOf(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  return /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1];
}
