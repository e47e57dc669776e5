/* <ackscope-player scenario="acks-1-leader-crash"></ackscope-player>
   A live figure in someone else's page: one iframe, loaded when it comes near the screen. It touches neither the page's
   address nor its storage, and hears keys only while it has the focus.

   scenario  a scenario of the library, or the whole fragment of a shared link
   theme     "light" or "dark"; otherwise the system's
   ratio     width / height, 12 / 7 unless said; or give the element a height of its own */
(() => {
  if (customElements.get("ackscope-player")) return;
  const site = new URL("./", document.currentScript.src);

  customElements.define("ackscope-player", class extends HTMLElement {
    static observedAttributes = ["scenario", "theme", "ratio"];
    #frame;

    connectedCallback() {
      if (this.#frame) return;
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = `<style>
        :host { display: block; aspect-ratio: 12 / 7; min-height: 300px; max-width: 100%; }
        :host([hidden]) { display: none; }
        iframe { display: block; width: 100%; height: 100%; border: 0; border-radius: var(--ackscope-radius, 8px); }
      </style>`;
      this.#frame = document.createElement("iframe");
      this.#frame.loading = "lazy";
      this.#frame.allow = "clipboard-write";
      this.#frame.title = this.title || "Ackscope: what Kafka keeps when things fail";
      this.#point();
      root.append(this.#frame);
    }

    attributeChangedCallback() {
      if (this.#frame) this.#point();
    }

    #point() {
      const scenario = (this.getAttribute("scenario") || "").replace(/^#/, "");
      const theme = this.getAttribute("theme");
      const address = new URL(theme ? `?embed&theme=${encodeURIComponent(theme)}` : "?embed", site);
      address.hash = scenario;
      if (this.#frame.src !== address.href) this.#frame.src = address.href;
      const ratio = this.getAttribute("ratio");
      this.style.aspectRatio = ratio && CSS.supports("aspect-ratio", ratio) ? ratio : "";
    }
  });
})();
