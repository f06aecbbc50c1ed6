using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Affinity;

/// <summary>Keeps a client on its backend, where the route asks for it.</summary>
internal sealed class SessionAffinity
{
    private volatile AffinityTokens _tokens = new(null);
    private string? _secret;

    /// <summary>Takes the secret that signs; one that stays keeps sessions.</summary>
    public void Apply(Layer7Options options)
    {
        if (options.AffinityKey != _secret)
        {
            _secret = options.AffinityKey;
            _tokens = new(_secret);
        }
    }

    /// <summary>The backend that the client has and that can take its request; null when the policy decides.</summary>
    public Backend? Find(HttpContext context, BalancedRequest request) =>
        request.Route.Options.SessionAffinity is { } options
        && context.Request.Cookies[options.CookieFor(request.Pool.Name)] is { } token
        && _tokens.Find(request.Pool, token) is { } backend
        && request.Pool.Snapshot.CanPick(backend) ? backend : null;

    /// <summary>Tells the client which backend is its own from now on, unless it knows.</summary>
    public void Keep(HttpContext context, BalancedRequest request, Backend backend)
    {
        if (request.Route.Options.SessionAffinity is not { } options)
        {
            return;
        }

        var name = options.CookieFor(request.Pool.Name);
        var token = _tokens.TokenOf(request.Pool, backend);
        if (context.Request.Cookies[name] != token)
        {
            context.Response.Cookies.Append(name, token, new CookieOptions { HttpOnly = true, Path = "/", SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps });
        }
    }
}
