namespace Aspire.Hosting.Tests.Packaging;

/// <summary>Tests that build: they run alone, so that others, which wait for what is to happen soon, have the machine.</summary>
[CollectionDefinition(nameof(PackageCollection), DisableParallelization = true)]
public sealed class PackageCollection : ICollectionFixture<PackageFixture>;
