package dev.starling.account;

import dev.starling.gateway.Pages;
import dev.starling.runtime.Node;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Pages by which a person has an account: they sign in and do what the operations of the user
 * service do, in the name of whoever has the cookies. What they show has been asked for by these
 * operations; nothing is kept here.
 */
public final class AccountPages implements Pages {
  static final String PATH = "/account";

  private static final Templates TEMPLATES = new Templates();
  private static final Assets ASSETS = new Assets();

  private final Map<String, Page> pages = new LinkedHashMap<>();

  /** Named in {@code META-INF/services}. */
  public AccountPages() {
    Entrance entrance = new Entrance();
    Overview overview = new Overview();
    Changes changes = new Changes();
    Mails mails = new Mails();
    pages.put("", new Page(visit -> home(visit, entrance, overview), entrance::submit));
    add(entrance.register());
    changes.forms().forEach(this::add);
    addForMail(changes.email());
    mails.forms().forEach(this::add);
    addForMail(mails.forgotten());
    new SecondFactor().forms().forEach(this::add);
    pages.put("/sign-out", Page.of(entrance::signOut));
    pages.put("/sessions/end", Page.of(overview::end));
    pages.put("/sessions/end-others", Page.of(overview::endOthers));
  }

  private void add(Form form) {
    pages.put(form.path(), new Page(form::show, form::submit));
  }

  /** A form that is there only where mails are sent. */
  private void addForMail(Form form) {
    pages.put(form.path(), new Page(ifMailed(form::show), ifMailed(form::submit)));
  }

  private static Page.Answer ifMailed(Page.Answer answer) {
    return visit ->
        visit.sendsMail().compose(sends -> sends ? answer.visit(visit) : visit.refuse(404, null));
  }

  private static Future<Void> home(Visit visit, Entrance entrance, Overview overview) {
    return visit
        .isSignedIn()
        .compose(signedIn -> signedIn ? overview.show(visit) : entrance.show(visit));
  }

  @Override
  public String path() {
    return PATH;
  }

  @Override
  public Handler<RoutingContext> handler(Vertx vertx, Calls calls) {
    Node node = Node.of(vertx);
    return context -> {
      Visit visit = new Visit(context, node, calls, TEMPLATES, ASSETS);
      Future.succeededFuture().compose(v -> answer(visit)).onFailure(visit::fail);
    };
  }

  private Future<Void> answer(Visit visit) {
    String path = visit.path();
    if (path.startsWith(Assets.PATH)) {
      return visit.isReading() ? ASSETS.answer(visit, path) : visit.refuse(405, "GET, HEAD");
    }
    Page page = pages.get(path);
    if (page == null) {
      return visit.refuse(404, null);
    }
    if (visit.isReading()) {
      return page.shown().visit(visit);
    }
    if (!visit.isSubmission()) {
      return visit.refuse(405, "GET, HEAD, POST");
    }
    return FormGuard.isOurs(visit) ? page.submitted().visit(visit) : visit.refuse(403, null);
  }
}
