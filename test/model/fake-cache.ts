/** The Cache API in memory: an entry is there when its body has been read to the end. */
export class FakeCache {
  readonly entries = new Map<string, { status: number; headers: Headers; bytes: ArrayBuffer }>()

  async put(url: string, response: Response) {
    const bytes = await response.arrayBuffer()
    this.entries.set(url, { status: response.status, headers: response.headers, bytes })
  }
  async match(url: string) {
    const entry = this.entries.get(url)
    if (!entry) return undefined
    return new Response(entry.status === 404 ? null : entry.bytes, { status: entry.status, headers: entry.headers })
  }
  async keys() {
    return [...this.entries.keys()].map((url) => new Request(url))
  }
  async delete(request: Request) {
    return this.entries.delete(request.url)
  }
}
