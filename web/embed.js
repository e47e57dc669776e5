/* <ackscope-player scenario="acks-1-leader-crash"></ackscope-player>
   A live figure in someone else's page: one iframe, loaded when it comes near the screen. It touches neither the page's
   address and history nor its storage, and hears keys only while it has the focus. Loaded as a script or as a module.

   scenario  a scenario of the library, or the whole fragment of a shared link
   theme     "light" or "dark"; otherwise the system's
   ratio     width / height, 12 / 7 unless said; or give the element a height of its own */
(() => {
  if (customElements.get("ackscope-player")) return;
  /* A module has no `currentScript` and a script no `import.meta`; the stack has the address in both. */
  const own = document.currentScript?.src || /[a-z]+:\/\/[^\s()]*?\/embed\.js/.exec(new Error().stack)?.[0];
  if (!own) throw new Error("embed.js does not know where it is: load it under its own name, from the site it belongs to");
  const site = new URL("./", own);

  customElements.define("ackscope-player", class extends HTMLElement {
    static observedAttributes = ["scenario", "theme", "ratio"];
    #frame;
    #address;
    /* Whether there is a page in the frame that can be led on. */
    #open = false;

    connectedCallback() {
      /* A frame that is put elsewhere in its page opens anew. */
      if (this.#frame) this.#frame.src = this.#address;
      else this.#build();
    }

    disconnectedCallback() {
      this.#open = false;
    }

    attributeChangedCallback() {
      if (this.#frame) this.#point();
    }

    #build() {
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = `<style>
        :host { display: block; aspect-ratio: 12 / 7; min-height: 300px; max-width: 100%; }
        :host([hidden]) { display: none; }
        iframe { display: block; width: 100%; height: 100%; border: 0; border-radius: var(--ackscope-radius, 8px); }
      </style>`;
      this.#frame = document.createElement("iframe");
      this.#frame.loading = "lazy";
      this.#frame.allow = "clipboard-write";
      this.#frame.referrerPolicy = "no-referrer";
      this.#frame.title = this.title || "Ackscope: what Kafka keeps when things fail";
      this.#frame.onload = () => this.#open = true;
      this.#point();
      root.append(this.#frame);
    }

    #point() {
      const ratio = this.getAttribute("ratio");
      this.style.aspectRatio = ratio && CSS.supports("aspect-ratio", ratio) ? ratio : "";
      const theme = this.getAttribute("theme");
      const address = new URL(theme ? `?embed&theme=${encodeURIComponent(theme)}` : "?embed", site);
      address.hash = (this.getAttribute("scenario") || "").replace(/^#/, "");
      if (address.href === this.#address) return;
      this.#address = address.href;
      /* Another `src` would be a step in the history of the page around it. */
      if (this.#open) this.#frame.contentWindow.location.replace(this.#address);
      else this.#frame.src = this.#address;
    }
  });
})();
