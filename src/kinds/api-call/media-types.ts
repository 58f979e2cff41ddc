import { MIMEType } from 'node:util';

/** `type/subtype` in lower case; empty when it is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  try {
    return contentType === undefined ? '' : new MIMEType(contentType).essence;
  } catch {
    return '';
  }
}

export function isJson(type: string): boolean {
  return /[/+]json$/.test(type);
}

/** Whether a body of the type is bytes, whatever they are. Bodies of types that are not known count as text when they are some. */
export function isBinary(type: string): boolean {
  return /^(audio|video|font|model)\/|^image\/(?!svg\+xml$)|^application\/(octet-stream|pdf|zip|gzip|x-gzip|x-tar|x-bzip2?|x-xz|x-7z-compressed|vnd\.rar|java-archive|wasm|msgpack|cbor|protobuf|x-protobuf|grpc|vnd\.(openxmlformats|oasis\.opendocument|ms-|apache\.(parquet|arrow)|sqlite3).*|msword)$/.test(
    type,
  );
}
