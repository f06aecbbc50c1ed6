namespace Aspire.Hosting.Tests;

/// <summary>Tests of the one AppHost that runs; they change its state and put it back, so they take turns.</summary>
[CollectionDefinition(nameof(AppHostCollection))]
public sealed class AppHostCollection : ICollectionFixture<AppHostFixture>;
