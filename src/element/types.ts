import type { Hit, MaxsiftError, PassageHit, Progress, SearchResult } from '../index.ts'

/** `search`: rows for this query are now shown. */
export interface SearchDetail extends Pick<SearchResult, 'hits' | 'total' | 'elapsed' | 'mode'> {
  query: string
}

/** `select`: a passage was chosen. Cancel it to do something else than follow the link of the hit. */
export interface SelectDetail {
  hit: Hit
  passage: PassageHit
  query: string
}

/** `progress`: how far the opening of the index is. */
export type ProgressDetail = Progress

/** `error`: what is also shown inside the element. */
export interface ErrorDetail {
  error: MaxsiftError | Error
}

/** Events of `<maxsift-search>`: composed, bubbling. Only `select` can be cancelled. */
export interface MaxsiftSearchEventMap {
  search: CustomEvent<SearchDetail>
  select: CustomEvent<SelectDetail>
  progress: CustomEvent<ProgressDetail>
  error: CustomEvent<ErrorDetail>
}

type Events = Omit<HTMLElementEventMap, keyof MaxsiftSearchEventMap> & MaxsiftSearchEventMap
type Listener<Type extends keyof Events> = ((event: Events[Type]) => void) | { handleEvent(event: Events[Type]): void }

/** `HTMLElement` that knows the events of the element. */
export interface SearchElement extends HTMLElement {
  addEventListener<Type extends keyof Events>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | AddEventListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void
  removeEventListener<Type extends keyof Events>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | EventListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void
}
