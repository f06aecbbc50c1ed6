using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Affinity;

/// <summary>Keeps a client on its backend, where the route asks for it.</summary>
internal sealed class SessionAffinity
{
    private volatile AffinityTokens _tokens = new(null);
    private string? _secret;
    private TimeSpan _drainTimeout;

    /// <summary>Takes the secret that signs; one that stays keeps sessions.</summary>
    public void Apply(LoadBalancerOptions options)
    {
        _drainTimeout = options.DrainTimeout;
        if (options.Layer7.AffinityKey != _secret)
        {
            _secret = options.Layer7.AffinityKey;
            _tokens = new(_secret);
        }
    }

    /// <summary>Finds the backend that the client has, and notes in the request what was found.</summary>
    /// <returns>The backend; null when the policy decides, or when the request is to be refused: its <see cref="BalancedRequest.Affinity"/> says which.</returns>
    public Backend? Find(HttpContext context, BalancedRequest request)
    {
        if (request.Route.Options.SessionAffinity is not { } options)
        {
            return null;
        }

        if (!TryFind(context, request, options, out var backend))
        {
            Note(request, AffinityState.New);
            return null;
        }

        if (backend is not null && request.Pool.CanKeep(backend, _drainTimeout))
        {
            Note(request, AffinityState.Kept);
            return backend;
        }

        Note(request, options.WhenGone == AffinityFailure.Refuse ? AffinityState.Refused : AffinityState.Repicked);
        if (request.Affinity == AffinityState.Refused && backend is null or { HasLeft: true })
        {
            Forget(context, request, options);
        }

        return null;
    }

    /// <summary>Asks whether another backend may have the request than the one that failed, and notes that the session moves.</summary>
    public static bool TryMove(BalancedRequest request)
    {
        if (request.Affinity == AffinityState.Kept)
        {
            Note(request, request.Route.Options.SessionAffinity!.WhenGone == AffinityFailure.Refuse ? AffinityState.Refused : AffinityState.Repicked);
        }

        return request.Affinity != AffinityState.Refused;
    }

    /// <summary>Tells the client which backend is its own from now on, unless it knows.</summary>
    public void Keep(HttpContext context, BalancedRequest request, Backend backend)
    {
        var (route, pool) = (request.Route, request.Pool);
        if (route.Options.SessionAffinity is not { } options)
        {
            return;
        }

        if (options.Mode == SessionAffinityMode.Source)
        {
            route.Sources!.Remember(SourceKey(context, pool), backend);
            return;
        }

        // A session that is kept came with its token.
        if (request.Affinity == AffinityState.Kept)
        {
            return;
        }

        var token = _tokens.TokenOf(pool, backend);
        if (options.Mode == SessionAffinityMode.Header)
        {
            context.Response.Headers[options.Header] = token;
        }
        else
        {
            context.Response.Cookies.Append(route.AffinityCookieFor(pool), token, CookieFor(context, options, options.Expiry));
        }
    }

    /// <summary>A state as spans and logs say it.</summary>
    public static string NameOf(AffinityState state) => state switch
    {
        AffinityState.New => "new",
        AffinityState.Kept => "kept",
        AffinityState.Repicked => "repicked",
        AffinityState.Refused => "refused",
        _ => "none",
    };

    /// <summary>Why a request was refused, for people.</summary>
    public static string Explain(BalancedRequest request) =>
        $"The backend of this session is gone or takes no requests: pool '{request.Pool.Name}', route '{request.Route.Name}'.";

    private bool TryFind(HttpContext context, BalancedRequest request, SessionAffinityOptions options, out Backend? backend)
    {
        var pool = request.Pool;
        var snapshot = pool.Snapshot;
        if (options.Mode != SessionAffinityMode.Source)
        {
            return _tokens.TryRead(pool, snapshot, Brought(context, request, options), out backend);
        }

        // One that left and came back is another object of the same address.
        var remembered = request.Route.Sources!.Recall(SourceKey(context, pool));
        backend = remembered is null ? null : snapshot.Find(remembered.Id);
        return remembered is not null;
    }

    private static ReadOnlySpan<char> Brought(HttpContext context, BalancedRequest request, SessionAffinityOptions options) =>
        options.Mode == SessionAffinityMode.Header
            ? context.Request.Headers[options.Header] is [{ } first, ..] ? first : []
            : CookieHeader.Find(context.Request.Headers.Cookie, request.Route.AffinityCookieFor(request.Pool));

    private static void Note(BalancedRequest request, AffinityState state)
    {
        request.Affinity = state;
        request.Route.RecordSession(state);
    }

    // The backend will not come back: the next request may begin a session, and not be refused for ever.
    private static void Forget(HttpContext context, BalancedRequest request, SessionAffinityOptions options)
    {
        var (route, pool) = (request.Route, request.Pool);
        if (options.Mode == SessionAffinityMode.Source)
        {
            route.Sources!.Forget(SourceKey(context, pool));
        }
        else if (options.Mode == SessionAffinityMode.Cookie)
        {
            // Whoever answers clears the headers first.
            context.Response.OnStarting(() =>
            {
                context.Response.Cookies.Append(route.AffinityCookieFor(pool), "", CookieFor(context, options, TimeSpan.Zero));
                return Task.CompletedTask;
            });
        }
    }

    // A split may take a client to more than one pool: it has a backend in each.
    private static ulong SourceKey(HttpContext context, BackendPool pool) =>
        ClientHash.Of(context.Connection.RemoteIpAddress) ^ ClientHash.Of(pool.Name);

    private static CookieOptions CookieFor(HttpContext context, SessionAffinityOptions options, TimeSpan? age) => new()
    {
        HttpOnly = true,
        Path = "/",
        SameSite = options.SameSite switch
        {
            CookieSameSite.Strict => SameSiteMode.Strict,
            CookieSameSite.None => SameSiteMode.None,
            _ => SameSiteMode.Lax,
        },
        // Browsers refuse SameSite=None without it.
        Secure = context.Request.IsHttps || options.SameSite == CookieSameSite.None,
        MaxAge = age,
    };
}
