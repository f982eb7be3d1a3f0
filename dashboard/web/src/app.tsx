/** The shell: where one is, what is followed, whether it is live, and the view. */
import { useEffect } from "preact/hooks";
import { PostCard } from "./card/post-card";
import { coin, session, sessionError, tickers } from "./state/session";
import { param, place } from "./state/url";
import { Banners } from "./shell/banners";
import { Nav } from "./shell/nav";
import { TopBar } from "./shell/top-bar";
import { Empty, Failed, Loading } from "./ui/states";
import { openSession } from "./state/session";
import { price } from "./format/numbers";
import { VIEWS } from "./views";

export function App() {
  const view = VIEWS.find((one) => one.path === place.value.path);
  const post = param("post");
  const name = view?.name ?? "Not found";
  const shown = tickers.value.find((ticker) => ticker.coin === coin.value);
  useEffect(() => {
    document.title = view?.path === "/" && shown?.price ? `${shown.coin} ${price(shown.price)} · newswake` : `${name} · newswake`;
  }, [name, shown?.price, shown?.coin]);

  return (
    <div class={`app ${post ? "with-card" : ""}`}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <TopBar />
      <Nav />
      <main id="main" tabIndex={-1}>
        <Banners />
        {!session.value ? (
          sessionError.value ? (
            <Failed sentence={sessionError.value.message} retry={() => void openSession()} />
          ) : (
            <Loading what="the page" rows={8} />
          )
        ) : view ? (
          <view.show />
        ) : (
          <Empty title="There is no such page">
            <a href="/">Go to the chart</a>
          </Empty>
        )}
      </main>
      {post && session.value && <PostCard id={post} />}
    </div>
  );
}
