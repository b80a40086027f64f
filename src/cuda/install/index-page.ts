/** A file as an index lists it. `url` may be relative to the page. */
export interface IndexFile {
  readonly filename: string;
  readonly url: string;
  /** Hexadecimal, by the name of the algorithm. */
  readonly hashes: Readonly<Record<string, string>>;
}

const ANCHOR = /<a\s([^>]*)>/gi;
const HREF = /(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The files of a project's HTML page (PEP 503): one link each, whose path ends with the file's name. */
export function parseIndexPage(html: string): IndexFile[] {
  return [...html.matchAll(ANCHOR)].flatMap(([, attributes = '']) => {
    const href = HREF.exec(attributes);
    if (href === null) return [];
    const url = decodeEntities(href[1] ?? href[2] ?? href[3] ?? '');
    const [address = '', fragment = ''] = url.split('#');
    const filename = decodePercent(address.split('?')[0]!.split('/').at(-1)!);
    if (filename === '') return [];
    const hash = /^(\w+)=([0-9a-f]+)$/i.exec(fragment);
    return [{ filename, url: address, hashes: hash === null ? {} : { [hash[1]!]: hash[2]!.toLowerCase() } }];
  });
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
