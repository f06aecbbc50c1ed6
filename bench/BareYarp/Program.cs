// Listeners, routes and clusters come from the file that is the only argument.
var builder = WebApplication.CreateBuilder();
builder.Configuration.AddJsonFile(args[0]);
builder.Logging.ClearProviders();
builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));

var cache = builder.Configuration.GetSection("OutputCache");
if (cache.Exists())
{
    builder.Services.AddOutputCache(options => options.AddPolicy("cached", policy => policy.Expire(cache.GetValue<TimeSpan>("Expire"))));
}

var app = builder.Build();
if (cache.Exists())
{
    app.UseOutputCache();
}

app.MapReverseProxy();
await app.RunAsync();
